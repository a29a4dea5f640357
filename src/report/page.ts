import { type Html, html, raw } from './html.ts';
import { STYLE } from './style.ts';

/**
 * One self-contained HTML page, readable from disk with no network.
 *
 * @param content what `body` holds
 * @param script  SHA-256 of the one script that may run, in base64; none may where it is left out
 */
export function writePage(title: string, content: Html, script?: string): string {
  return `<!doctype html>\n${html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Thumbnet">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${script && raw(`; script-src 'sha256-${script}'`)}">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>${content}</body>
</html>`}\n`;
}
