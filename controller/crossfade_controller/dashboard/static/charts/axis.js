// The x axis that charts share: equal places stand one above the other, and a zoom is everybody's.

const SETTLED_MILLISECONDS = 20; // long enough for every chart to follow the one that was dragged over

export class Axis {
  // `write` gives the text of one place; `onZoom` is told of the part that is shown ({min, max}, null for all of it)
  // once it has been left alone for a moment.
  constructor({ key, label, write, zoom = null, onZoom = () => {} }) {
    Object.assign(this, { key, label, write, zoom, onZoom, newest: 1, charts: new Set(), timer: null });
  }

  get range() {
    return this.zoom ?? { min: 0, max: this.newest };
  }

  grow(newest) {
    this.newest = Math.max(newest, Number.MIN_VALUE);
  }

  // What a chart shows after somebody dragged over it, or after it was told to.
  noteZoom({ min, max }) {
    const zoom = min === 0 && max === this.newest ? null : { min, max };
    if (zoom?.min === this.zoom?.min && zoom?.max === this.zoom?.max) return;
    this.zoom = zoom;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.onZoom(this.zoom), SETTLED_MILLISECONDS);
  }

  showAll() {
    this.show({ min: 0, max: this.newest });
  }

  // Shows less (factor below 1) or more of the axis around a place.
  zoomBy(factor, around) {
    const { min, max } = this.range;
    this.show({
      min: Math.max(0, around - (around - min) * factor),
      max: Math.min(this.newest, around + (max - around) * factor),
    });
  }

  show(range) {
    this.noteZoom(range);
    this.charts.forEach((chart) => chart.applyRange());
  }
}
