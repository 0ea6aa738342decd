/** The dashboard as static files. `vite` alone serves it while it is worked on, beside a server on its usual port. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const SERVER = "http://127.0.0.1:8288";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2023",
    // Nothing inline: the page's policy refuses it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: Object.fromEntries(["/v1", "/api", "/fn", "/e"].map((path) => [path, SERVER])) },
});
