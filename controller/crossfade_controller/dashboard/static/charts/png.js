// A chart as a picture of its own: what is drawn, what the lines are called and where the versions stand.

import { themeColour } from "../frame/colours.js";

const PADDING_PIXELS = 12;
const LINE_PIXELS = 20;
const FONT = "13px system-ui, sans-serif";

// Gives a promise of a PNG Blob.
export function pictureOf({ plot, markers }, title) {
  const drawn = plot.ctx.canvas;
  const scale = devicePixelRatio;
  const canvas = document.createElement("canvas");
  canvas.width = drawn.width + 2 * PADDING_PIXELS * scale;
  const lines = legendLines(plot, canvas.width / scale - 2 * PADDING_PIXELS);
  const top = PADDING_PIXELS + LINE_PIXELS * (lines.length + 1);
  canvas.height = drawn.height + (top + PADDING_PIXELS) * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.fillStyle = themeColour("card");
  context.fillRect(0, 0, canvas.width, canvas.height);
  drawTitle(context, title);
  lines.forEach((line, index) => line.forEach((entry) => drawEntry(context, entry, index)));
  context.drawImage(drawn, PADDING_PIXELS, top, drawn.width / scale, drawn.height / scale);
  drawMarkers(context, plot, markers, top);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function drawTitle(context, title) {
  context.font = `bold ${FONT}`;
  context.fillStyle = themeColour("text");
  context.fillText(title, PADDING_PIXELS, PADDING_PIXELS + LINE_PIXELS / 2);
  context.font = FONT;
}

// Breaks the names of the lines into rows that fit, as [[{label, stroke, left}, …], …].
function legendLines(plot, width) {
  const measure = document.createElement("canvas").getContext("2d");
  measure.font = FONT;
  const lines = [[]];
  let left = 0;
  plot.series.forEach((series, column) => {
    if (column === 0 || series.class === "unlisted" || !series.show) return;
    const size = measure.measureText(series.label).width + 34;
    if (left > 0 && left + size > width) {
      lines.push([]);
      left = 0;
    }
    lines.at(-1).push({ label: series.label, stroke: series.stroke(plot, column), left });
    left += size;
  });
  return lines;
}

function drawEntry(context, { label, stroke, left }, line) {
  const middle = PADDING_PIXELS + LINE_PIXELS * (line + 1.5);
  context.fillStyle = stroke;
  context.fillRect(PADDING_PIXELS + left, middle - 6, 12, 12);
  context.fillStyle = themeColour("text");
  context.fillText(label, PADDING_PIXELS + left + 18, middle + 5);
}

function drawMarkers(context, plot, markers, top) {
  const origin = PADDING_PIXELS + plot.bbox.left / devicePixelRatio;
  const ceiling = top + plot.bbox.top / devicePixelRatio;
  context.strokeStyle = context.fillStyle = themeColour("text");
  context.textAlign = "center";
  [...markers.layer.children].forEach((marker, index) => {
    const across = origin + markers.groups[index].left;
    context.beginPath();
    context.moveTo(across, ceiling);
    context.lineTo(across, ceiling + plot.bbox.height / devicePixelRatio);
    context.stroke();
    context.fillText(marker.dataset.label, across, ceiling - 4);
  });
}
