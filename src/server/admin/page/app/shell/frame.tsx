import { useEffect, useRef } from "preact/hooks";
import { post, readSession, session } from "../data/api.ts";
import { agoText } from "../data/format.ts";
import { live } from "../data/live.ts";
import { addressOf, place, type View, VIEWS } from "../data/place.ts";
import { useStore } from "../data/store.ts";
import { Icon } from "../parts/icons.tsx";
import { Link } from "../parts/link.tsx";
import { BackendsView } from "../views/backends.tsx";
import { ConfigurationView } from "../views/configuration.tsx";
import { LimitsView } from "../views/limits.tsx";
import { OperationsView } from "../views/operations.tsx";
import { OverviewView } from "../views/overview.tsx";
import { RequestsView } from "../views/requests.tsx";
import { RoutesView } from "../views/routes.tsx";
import { Logo } from "./logo.tsx";
import { switchTheme, theme } from "./theme.ts";

const TITLES: Readonly<Record<View, string>> = {
  overview: "Overview",
  requests: "Requests",
  routes: "Routes",
  backends: "Backends",
  limits: "Limits",
  configuration: "Configuration",
  operations: "Operations",
};

const CONTENTS = {
  overview: OverviewView,
  requests: RequestsView,
  routes: RoutesView,
  backends: BackendsView,
  limits: LimitsView,
  configuration: ConfigurationView,
  operations: OperationsView,
} as const;

/** The page around the views. */
export function Frame({ onHelp }: { readonly onHelp: () => void }) {
  const { view } = useStore(place);
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(view);
  const Content = CONTENTS[view];
  useEffect(() => {
    document.title = `${TITLES[view]} · Gateway`;
    // Whoever cannot see the page hears that it is another one.
    if (shown.current !== view) heading.current?.focus({ preventScroll: true });
    shown.current = view;
    scrollTo(0, 0);
  }, [view]);
  return (
    <div class="frame">
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <Link to={addressOf("overview")} class="brand" label="Gateway: overview">
          <Logo />
          <span>Gateway</span>
        </Link>
        <nav aria-label="Views">
          <ul>
            {VIEWS.map((name) => (
              <li key={name}>
                <Link to={addressOf(name)} isCurrent={name === view} class="nav-link">
                  <Icon name={name} />
                  {TITLES[name]}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <Corner onHelp={onHelp} />
      </header>
      <Away />
      <main id="content" tabIndex={-1}>
        <h1 ref={heading} tabIndex={-1} class={view === "overview" ? "" : ""}>
          {TITLES[view]}
        </h1>
        <Content />
      </main>
    </div>
  );
}

const CONNECTIONS = {
  connecting: ["quiet", "Connecting"],
  live: ["good", "Live"],
  away: ["bad", "Away"],
  hidden: ["quiet", "Paused"],
} as const;

function Corner({ onHelp }: { readonly onHelp: () => void }) {
  const { connection } = useStore(live);
  const now = useStore(session);
  const shownTheme = useStore(theme);
  const [tone, word] = CONNECTIONS[connection];
  const other = shownTheme === "dark" ? "light" : "dark";
  const logOut = async () => {
    await post("logout").catch(() => {});
    await readSession();
  };
  return (
    <div class="corner">
      <p class={`connection ${tone}`} title={startedText(now?.version, now?.started_at)}>
        <span class="dot" aria-hidden="true" />
        {word}
      </p>
      <button
        type="button"
        class="icon-button"
        aria-label={`Use the ${other} theme`}
        title={`Use the ${other} theme (t)`}
        onClick={switchTheme}
      >
        <Icon name={shownTheme === "dark" ? "sun" : "moon"} />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Keys and filters"
        title="Keys and filters (?)"
        onClick={onHelp}
      >
        <Icon name="help" />
      </button>
      {now?.token_required === true && (
        <button
          type="button"
          class="icon-button"
          aria-label="Log out"
          title="Log out"
          onClick={() => void logOut()}
        >
          <Icon name="leave" />
        </button>
      )}
    </div>
  );
}

function startedText(version: string | null | undefined, at: string | null | undefined): string {
  const started = at === null || at === undefined ? "" : `, started ${agoText(at)}`;
  return version === null || version === undefined ? "" : `Version ${version}${started}`;
}

function Away() {
  const { connection } = useStore(live);
  return (
    <div role="status" aria-live="polite">
      {connection === "away" && (
        <p class="away">
          <Icon name="alert" />
          The gateway is away. This page tries again until it is back; what it shows is from before.
        </p>
      )}
    </div>
  );
}
