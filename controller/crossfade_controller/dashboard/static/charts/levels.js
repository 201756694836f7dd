// What is to be reached: lines across a chart, dashed and with a word each, always within its scale.

import { themeColour } from "../frame/colours.js";
import uPlot from "../vendor/uplot/uPlot.esm.js";

const FONT_PIXELS = 11;
const MARGIN_PIXELS = 3;
const HALO_PIXELS = 3;
const PADDING_SHARE = 0.1;

// Gives uPlot the range of a scale: what there is to see, and these levels [{value, …}, …].
export function rangeWith(levels) {
  const wanted = levels.map(({ value }) => value);
  return (_, low, high) => {
    const values = [low, high, ...wanted].filter((value) => typeof value === "number");
    if (values.length === 0) return [null, null];
    return uPlot.rangeNum(Math.min(...values), Math.max(...values), PADDING_SHARE, true);
  };
}

// Draws levels [{value, stroke, text}, …]. A word stands at the right end, or where another one does at the left; the
// legend has it too, should there be no room at all.
export function drawLevels(plot, levels) {
  const ends = [new End(plot, "right"), new End(plot, "left")];
  plot.ctx.save();
  for (const { value, stroke, text } of levels) {
    const height = Math.round(plot.valToPos(value, "y", true));
    drawLine(plot, height, stroke);
    ends.find((end) => end.isFree(height))?.write(text, height, stroke);
  }
  plot.ctx.restore();
}

function drawLine({ ctx, bbox }, height, stroke) {
  ctx.strokeStyle = stroke;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, height);
  ctx.lineTo(bbox.left + bbox.width, height);
  ctx.stroke();
}

// One end of the lines, with the words that stand there already.
class End {
  constructor(plot, side) {
    Object.assign(this, { plot, side, taken: [] });
  }

  isFree(height) {
    return this.taken.every((other) => Math.abs(other - height) > (FONT_PIXELS + HALO_PIXELS) * devicePixelRatio);
  }

  write(text, height, stroke) {
    const { ctx, bbox } = this.plot;
    const margin = MARGIN_PIXELS * devicePixelRatio;
    const across = this.side === "right" ? bbox.left + bbox.width - margin : bbox.left + margin;
    ctx.font = `${FONT_PIXELS * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = this.side;
    ctx.textBaseline = "bottom";
    ctx.setLineDash([]);
    ctx.lineWidth = HALO_PIXELS * devicePixelRatio;
    ctx.strokeStyle = themeColour("card");
    ctx.strokeText(text, across, height - margin);
    ctx.fillStyle = stroke;
    ctx.fillText(text, across, height - margin);
    this.taken.push(height);
  }
}
