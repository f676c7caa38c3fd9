// Does something again and again while the page is seen.

/** Does it every `everyMs`, never twice at once, and at once when the page is seen again. Answers how to stop. */
export function poll(everyMs: number, act: () => Promise<unknown>): () => void {
  let running = false;
  const turn = async () => {
    if (running || document.hidden) return;
    running = true;
    try {
      await act();
    } finally {
      running = false;
    }
  };
  const timer = setInterval(() => void turn(), everyMs);
  const onVisible = () => void turn();
  document.addEventListener('visibilitychange', onVisible);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', onVisible);
  };
}
