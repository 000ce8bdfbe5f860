/** @file The variables of VS Code's four built-in kinds of theme, as its pages set them (Dark Modern, Light Modern, Dark and Light High Contrast). */

export type ThemeKind = "light" | "dark" | "high-contrast" | "high-contrast-light";

const FONTS = { "font-family": "system-ui, sans-serif", "editor-font-family": "monospace" };

export const THEME_VARIABLES: Readonly<Record<ThemeKind, Readonly<Record<string, string>>>> = {
  dark: {
    ...FONTS,
    "editor-background": "#1f1f1f",
    "editor-foreground": "#cccccc",
    foreground: "#cccccc",
    descriptionForeground: "#9d9d9d",
    focusBorder: "#0078d4",
    errorForeground: "#f85149",
  },
  light: {
    ...FONTS,
    "editor-background": "#ffffff",
    "editor-foreground": "#3b3b3b",
    foreground: "#3b3b3b",
    descriptionForeground: "#3b3b3b",
    focusBorder: "#005fb8",
    errorForeground: "#f85149",
  },
  "high-contrast": {
    ...FONTS,
    "editor-background": "#000000",
    "editor-foreground": "#ffffff",
    foreground: "#ffffff",
    descriptionForeground: "rgba(255, 255, 255, 0.7)",
    focusBorder: "#f38518",
    errorForeground: "#f48771",
    contrastBorder: "#6fc3df",
  },
  "high-contrast-light": {
    ...FONTS,
    "editor-background": "#ffffff",
    "editor-foreground": "#292929",
    foreground: "#292929",
    descriptionForeground: "rgba(41, 41, 41, 0.7)",
    focusBorder: "#006bbd",
    errorForeground: "#b5200d",
    contrastBorder: "#0f4a85",
  },
};
