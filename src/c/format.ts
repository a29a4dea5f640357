/**
 * Layout of C: templates are indented as they fit in their own files, and their lines are indented here, by braces. A line that continues with
 * what the one before began is indented twice.
 */
export function formatC(text: string): string {
  const out: string[] = [];
  let depth = 0;
  let open = 0; // parentheses
  let goesOn = false;
  let comment = false;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '') {
      if (out.length && out[out.length - 1] !== '' && !goesOn && !/\{$/.test(out[out.length - 1])) out.push('');
      continue;
    }
    if (line.startsWith('#')) {
      out.push(line);
      continue;
    }
    if (comment || line.startsWith('/*')) {
      out.push(`${'  '.repeat(depth)}${comment ? ' ' : ''}${line}`);
      comment = !line.endsWith('*/');
      continue;
    }
    if (line === '}' && out[out.length - 1] === '') out.pop();
    const closing = /^[}\s]*/.exec(line)![0].replace(/[^}]/g, '').length;
    const indent = 2 * (depth - closing) + (goesOn || open > 0 ? 4 : 0);
    out.push(`${' '.repeat(indent)}${line}`);
    const code = line.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/\*.*?\*\//g, '""');
    for (const c of code) {
      if (c === '{') depth++;
      else if (c === '}') depth--;
      else if (c === '(') open++;
      else if (c === ')') open--;
    }
    goesOn = !/[;{}:,]$/.test(code.trimEnd()) || (open > 0 && !/[{}]$/.test(code.trimEnd()));
    if (/,$/.test(code.trimEnd()) && open === 0) goesOn = false;
  }
  return `${out.join('\n').trim()}\n`;
}
