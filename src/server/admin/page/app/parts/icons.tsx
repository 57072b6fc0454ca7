/** Icons of 16 by 16, in the colour of the text. Decoration: whatever has one has a name in words too. */
const PATHS = {
  overview: "M2 13h12M3.5 10.5V8M6.5 10.5V5M9.5 10.5V7M12.5 10.5V3",
  requests: "M2.5 4h11M2.5 8h11M2.5 12h7",
  routes: "M2.5 4.5h3c3 0 2 7 5 7h3M11.5 9.5l2 2-2 2M2.5 11.5h2",
  backends: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  limits: "M2.7 11.5a5.8 5.8 0 1 1 10.6 0M8 9.5l2.5-3.2",
  configuration: "M6 2.5H4.5v4L3 8l1.5 1.5v4H6M10 2.5h1.5v4L13 8l-1.5 1.5v4H10",
  operations: "M2.5 4.5h5M10.5 4.5h3M2.5 11.5h2M7.5 11.5h6M9 3v3M6 10v3",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6",
  help: "M6.2 6.2a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.7-.8 1.3M8 11.5h.01M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8",
  leave: "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6",
  close: "M4 4l8 8M12 4l-8 8",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2v9.6L12.5 8z",
  copy: "M5.5 5.5h7v7h-7zM10.5 5.5v-2h-7v7h2",
  check: "M3 8.5l3.2 3.2L13 5",
  alert: "M8 2.2l6.3 11.3H1.7zM8 6.5v3M8 11.5h.01",
  search: "M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4M10.2 10.2l3.3 3.3",
  reload: "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v3h-3",
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
