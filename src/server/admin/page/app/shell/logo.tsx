export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M7 10h5c4 0 4 6 8 6h5M7 22h5c4 0 4-6 8-6" />
    </svg>
  );
}
