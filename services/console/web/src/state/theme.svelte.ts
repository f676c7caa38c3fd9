// Light, dark, or as the system has it; kept in this browser.

/** What one may choose. */
export type Theme = 'system' | 'light' | 'dark';
const KEY = 'nearhand.theme';

class ThemeState {
  chosen: Theme = $state('system');
  #systemDark = $state(matchMedia('(prefers-color-scheme: dark)').matches);

  constructor() {
    const kept = localStorage.getItem(KEY);
    if (kept === 'light' || kept === 'dark') this.chosen = kept;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => { this.#systemDark = event.matches; });
    this.#apply();
  }

  /** Whether the page is dark now. */
  get dark(): boolean {
    return this.chosen === 'dark' || (this.chosen === 'system' && this.#systemDark);
  }

  choose(theme: Theme): void {
    this.chosen = theme;
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
    this.#apply();
  }

  #apply(): void {
    if (this.chosen === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.chosen;
  }
}

/** The theme of this page. */
export const theme = new ThemeState();
