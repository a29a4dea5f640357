/**
 * Sorts and filters the table of trials. The page says all it has to say without it: it only adds a row of controls and buttons in the heads.
 * Its digest is in the page's content security policy, so nothing else can run there.
 */
export const SCRIPT = `
for (const table of document.querySelectorAll('table.trials')) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const number = (cell) => (cell.dataset.v ? Number(cell.dataset.v) : null);
  [...table.tHead.rows[0].cells].forEach((head, i) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const up = head.getAttribute('aria-sort') !== 'ascending';
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      const sign = up ? 1 : -1;
      rows.sort((a, b) => {
        const [x, y] = [number(a.cells[i]), number(b.cells[i])];
        if (x !== null && y !== null) return sign * (x - y);
        if (x !== null || y !== null) return x === null ? 1 : -1;
        return sign * a.cells[i].textContent.localeCompare(b.cells[i].textContent, 'en');
      });
      body.append(...rows);
    });
  });
  const bar = document.createElement('p');
  bar.className = 'filter';
  const label = (text, input) => {
    const l = document.createElement('label');
    l.append(text, ' ', input);
    bar.append(l);
    return input;
  };
  const state = label('Show', document.createElement('select'));
  for (const [value, text] of [['', 'all trials'], ['keeps', 'those that keep the goal'], ['misses', 'those that miss it'], ['failed', 'those that failed']])
    state.add(new Option(text, value));
  const stage = label('with the stage', document.createElement('input'));
  stage.type = 'search';
  const count = document.createElement('output');
  bar.append(count);
  const show = () => {
    let shown = 0;
    for (const row of rows) {
      const fits = (!state.value || row.dataset.state === state.value) && row.cells[1].textContent.includes(stage.value.trim());
      row.hidden = !fits;
      if (fits) shown++;
    }
    count.textContent = shown + ' of ' + rows.length;
  };
  for (const input of [state, stage]) input.addEventListener('input', show);
  table.parentNode.before(bar);
  show();
}
`;

/** SHA-256 of SCRIPT in base64; test/report checks that it is. */
export const SCRIPT_DIGEST = 'WcXntjb1+3L+BapDNtVRft7Po/KNy48iYqstDe7DgjM=';
