// Curves of several runs made comparable. Pure: values in, values out.

// An exponential moving average that starts unbiased, as TensorBoard's does; a weight of 0 leaves all as it is.
export function smoothed(values, weight) {
  let sum = 0;
  let mass = 0;
  return values.map((value) => {
    if (typeof value !== "number") return value;
    sum = weight * sum + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return sum / mass;
  });
}

// Gives how many seconds a run had trained for at a step, out of its curve of seconds a step; straight lines between.
export function clockOf(stepSeconds) {
  const steps = [0];
  const seconds = [0];
  for (const { step, mean } of stepSeconds) {
    seconds.push(seconds.at(-1) + (step + 1 - steps.at(-1)) * (mean ?? 0));
    steps.push(step + 1);
  }
  return (step) => {
    const next = steps.findIndex((each) => each >= step);
    if (next <= 0) return next === 0 ? 0 : seconds.at(-1);
    const share = (step - steps[next - 1]) / (steps[next] - steps[next - 1]);
    return seconds[next - 1] + share * (seconds[next] - seconds[next - 1]);
  };
}

// What cannot be drawn on a logarithmic scale is left out.
export const drawable = (value, logarithmic) => (logarithmic && !(value > 0) ? null : value);
