import { html } from 'hono/html';

export const styles = html`<style>
  :root {
    color-scheme: light dark;
    --line: light-dark(#d5d9df, #333a44);
    --soft: light-dark(#f5f7f9, #1a1f26);
    --quiet: light-dark(#59636e, #9aa4b0);
    --link: light-dark(#0b57d0, #8ab4f8);
  }
  body {
    margin: 0;
    background: light-dark(#fff, #12161b);
    color: light-dark(#1d2329, #e3e8ee);
    font:
      16px/1.5 system-ui,
      sans-serif;
  }
  main {
    max-width: 60rem;
    margin: 0 auto;
    padding: 1.5rem 1rem;
  }
  h1 {
    font-size: 1.5rem;
    line-height: 1.25;
    margin: 0.5rem 0 1rem;
    overflow-wrap: anywhere;
  }
  h2 {
    font-size: 1.1rem;
    margin: 2rem 0 0.5rem;
  }
  a {
    color: var(--link);
  }
  nav,
  small,
  footer {
    color: var(--quiet);
    font-weight: normal;
  }
  footer {
    text-align: center;
    padding: 1rem;
    font-size: 0.85rem;
  }
  code,
  pre {
    font:
      0.85rem/1.5 ui-monospace,
      monospace;
  }
  code {
    background: var(--soft);
    padding: 0.1em 0.35em;
    border-radius: 4px;
    overflow-wrap: anywhere;
  }
  pre {
    border: 1px solid var(--line);
    border-radius: 8px;
    background: var(--soft);
  }
  .words {
    padding: 0 1rem;
    border: 1px solid var(--line);
    border-radius: 8px;
    overflow-wrap: anywhere;
  }
  .words pre {
    padding: 0.5rem 0.75rem;
    white-space: pre-wrap;
  }
  .words td {
    padding: 0.2rem 0.75rem 0.2rem 0;
    vertical-align: top;
  }
  .words thead {
    display: none;
  }
  .rows {
    list-style: none;
    padding: 0;
    border: 1px solid var(--line);
    border-radius: 8px;
    overflow: hidden;
  }
  .rows li {
    padding: 0.6rem 1rem;
    overflow-wrap: anywhere;
  }
  .rows li + li {
    border-top: 1px solid var(--line);
  }
  .badge {
    border-radius: 1em;
    padding: 0.1em 0.7em;
    font-size: 0.8rem;
    font-weight: 600;
    color: #fff;
  }
  .open {
    background: #1a7f37;
  }
  .merged {
    background: #8250df;
  }
  .closed {
    background: #cf222e;
  }
  .draft {
    background: #6e7781;
  }
  .diff {
    overflow-x: auto;
    padding: 0.5rem 0;
  }
  .diff span {
    display: block;
    min-width: max-content;
    padding: 0 1rem;
    min-height: 1.5em;
    white-space: pre;
  }
  .file {
    font-weight: 700;
    border-top: 1px solid var(--line);
  }
  .hunk {
    color: var(--quiet);
  }
  .added {
    background: light-dark(#dafbe1, #12361f);
  }
  .removed {
    background: light-dark(#ffebe9, #46191c);
  }
</style>`;
