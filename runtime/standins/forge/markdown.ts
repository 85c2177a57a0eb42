import { raw } from 'hono/html';
import MarkdownIt from 'markdown-it';

/** HTML in the text is shown as it is written, and links go to safe schemes alone. */
const markdown = new MarkdownIt({ html: false, linkify: false });

/** Text of a pull request as a page shows it; comments, which are for programs, are left out as on GitHub. */
export function renderMarkdown(text: string) {
  return raw(markdown.render(text.replace(/<!--[\s\S]*?-->/g, '')));
}
