// A chart by keyboard: the arrow keys move the cursor that all charts share, + and - zoom around it, 0 shows all.

const STEP_SHARE = 0.02;
const ZOOM_FACTOR = 0.5;

export function makeReachable(chart) {
  const { host } = chart;
  host.tabIndex = 0;
  host.setAttribute("role", "group");
  host.setAttribute("aria-roledescription", "chart");
  host.setAttribute("aria-keyshortcuts", "ArrowLeft ArrowRight + - 0");
  host.title = "Drag to zoom, double click for all; by keyboard: arrows, +, - and 0";
  host.addEventListener("keydown", (event) => {
    if (event.target !== host || chart.plot === null) return;
    const act = ACTIONS[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act(chart);
  });
}

const ACTIONS = {
  ArrowLeft: (chart) => moveCursor(chart, -STEP_SHARE),
  ArrowRight: (chart) => moveCursor(chart, STEP_SHARE),
  "+": (chart) => chart.axis.zoomBy(ZOOM_FACTOR, placeOfCursor(chart)),
  "-": (chart) => chart.axis.zoomBy(1 / ZOOM_FACTOR, placeOfCursor(chart)),
  0: (chart) => chart.axis.showAll(),
};

function moveCursor({ plot }, share) {
  const width = plot.over.clientWidth;
  const from = plot.cursor.left >= 0 ? plot.cursor.left : width;
  const left = Math.min(width, Math.max(0, from + share * width));
  plot.setCursor({ left, top: plot.over.clientHeight / 2 }, true, true);
}

function placeOfCursor({ plot, axis }) {
  const { min, max } = axis.range;
  return plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : (min + max) / 2;
}
