// Lengths of time and of ways, and sizes of files. A number comes as it is to be shown.
const unit = (name: string) => (value: string) => `${value} ${name}`;

export const units = {
  time: { d: unit('d'), h: unit('h'), min: unit('min'), s: unit('s') },
  now: 'now',
  ago: (length: string) => `${length} ago`,
  in: (length: string) => `in ${length}`,
  m: unit('m'),
  km: unit('km'),
  sizes: { B: unit('B'), kB: unit('kB'), MB: unit('MB'), GB: unit('GB') },
};
