// A rest from which an event can wake one.

// `wakers` are [target, type of event] pairs; resolves after a while, or with the first of those events.
export function pause(milliseconds, ...wakers) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      wakers.forEach(([target, type]) => target.removeEventListener(type, end));
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    wakers.forEach(([target, type]) => target.addEventListener(type, end));
  });
}
