/** Light, dark, or as the system has it. */
export type Theme = "system" | "light" | "dark";

const KEY = "stepwell.theme";

export function storedTheme(): Theme {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
}

export function applyTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") {
    root.removeAttribute("data-theme");
    localStorage.removeItem(KEY);
    return;
  }
  root.dataset["theme"] = theme;
  localStorage.setItem(KEY, theme);
}

/** The next one, for a button. */
export function nextTheme(theme: Theme): Theme {
  if (theme === "system") return "light";
  return theme === "light" ? "dark" : "system";
}
