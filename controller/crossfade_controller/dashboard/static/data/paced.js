// Keeps a reader from running more often than it should, and has it run again after it failed.

const RETRY_MILLISECONDS = 3000;
const REST_FOR_EACH_WORK = 4; // a slow controller is asked less often

// Gives a function that asks for `read` to run: at once if it rested for `pauseMilliseconds`, else as soon as it has.
// However often it is asked meanwhile, it runs once; it never runs twice at a time.
export function paced(read, pauseMilliseconds, onFailure) {
  let asked = false;
  let resting = false;

  async function run() {
    asked = false;
    resting = true;
    const begun = performance.now();
    let pause = pauseMilliseconds;
    try {
      await read();
      pause = Math.max(pause, REST_FOR_EACH_WORK * (performance.now() - begun));
    } catch (error) {
      asked = true;
      pause = RETRY_MILLISECONDS;
      onFailure(error);
    }
    setTimeout(() => {
      resting = false;
      if (asked) run();
    }, pause);
  }

  return () => {
    asked = true;
    if (!resting) run();
  };
}
