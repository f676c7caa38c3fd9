// What is left until a deadline, as a clock: "4:05".

/** Minutes and seconds; never less than nothing. */
export function countdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
