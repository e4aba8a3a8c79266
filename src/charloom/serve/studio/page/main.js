// The frame of the studio: its screens, the way between them, and messages.
import { useAddress } from "./address.js";
import { Connection } from "./parts/connection.js";
import { Link } from "./parts/link.js";
import { Toasts } from "./parts/toast.js";
import { ThemeButton } from "./parts/theme.js";
import { html, render, useEffect, useRef } from "./lib.js";
import { GenerateScreen } from "./screens/generate.js";
import { LibraryScreen } from "./screens/library.js";
import { ListScreen } from "./screens/list.js";
import { TrainScreen } from "./screens/train.js";
import { UnderstandScreen } from "./screens/understand.js";
import { WriteScreen } from "./screens/write.js";

const SCREENS = {
  list: { title: "Bring a list", component: ListScreen },
  train: { title: "Train", component: TrainScreen },
  generate: { title: "Generate", component: GenerateScreen },
  write: { title: "Write", component: WriteScreen },
  understand: { title: "Understand", component: UnderstandScreen },
  library: { title: "Library", component: LibraryScreen },
};

const NotFound = () => html`<p>The studio has no page at <code>${location.pathname}</code>. Choose one above, or${" "}
  <a href="/">begin with a list</a>.</p>`;

function App() {
  const { screen, query } = useAddress();
  const { title, component: Screen } = SCREENS[screen] ?? { title: "Page not found", component: NotFound };
  const heading = useRef();
  const first = useRef(true);
  useEffect(() => {
    document.title = `${title} · charloom studio`;
    if (!first.current) heading.current.focus();
    first.current = false;
  }, [screen]);
  return html`
    <header class="top">
      <a class="brand" href="/" aria-label="charloom studio"><span aria-hidden="true">charloom</span></a>
      <nav aria-label="Screens">
        ${Object.keys(SCREENS).map(
          (one) => html`<${Link} key=${one} screen=${one} query=${query.run && !["list", "library"].includes(one) ? { run: query.run } : {}}
            aria-current=${one === screen ? "page" : null}>${SCREENS[one].title}<//>`,
        )}
      </nav>
      <${ThemeButton} />
    </header>
    <main id="main">
      <h1 tabindex="-1" ref=${heading}>${title}</h1>
      <${Connection} />
      <${Screen} key=${screen} query=${query} />
    </main>
    <${Toasts} />
  `;
}

render(html`<${App} />`, document.getElementById("app"));
