// node devtools.cjs FOLDER CHROMIUM FILE: what Chrome DevTools finds in a heap snapshot, as JSON
// lists by node. FOLDER is where `npm install @memlab/core`, which brings puppeteer, was run.
const fs = require('fs');
const path = require('path');
const {createRequire} = require('module');
const [folder, executablePath, file] = process.argv.slice(2);
const puppeteer = createRequire(path.join(folder, 'x.js'))('puppeteer-core');

async function read(chunks) {
  const worker = 'devtools://devtools/bundled/entrypoints/heap_snapshot_worker/';
  const {HeapSnapshot, HeapSnapshotLoader} = await import(worker + 'heap_snapshot_worker.js');
  const loader = new HeapSnapshotLoader.HeapSnapshotLoader({sendEvent() {}});
  chunks.forEach(chunk => loader.write(chunk));
  loader.close();
  const {port1, port2} = new MessageChannel();
  new HeapSnapshot.SecondaryInitManager(port2);
  const heap = await loader.buildSnapshot(port1);
  const found = {size: [], retained: [], dominator: []};
  for (let place = 0; place < heap.nodeCount; place++) {
    const node = heap.createNode(place * heap.nodeFieldCount);
    found.size.push(node.selfSize());
    found.retained.push(node.retainedSize());
    found.dominator.push(node.dominatorIndex() / heap.nodeFieldCount);
  }
  return JSON.stringify(found);
}

(async () => {
  const args = ['--no-sandbox', '--disable-gpu'];
  const browser = await puppeteer.launch({executablePath, headless: true, args});
  try {
    const page = await browser.newPage();
    await page.goto('devtools://devtools/bundled/devtools_app.html');
    const text = fs.readFileSync(file, 'utf8');
    const chunks = [];
    for (let at = 0; at < text.length; at += 1 << 20) {
      chunks.push(text.slice(at, at + (1 << 20)));
    }
    fs.writeSync(1, await page.evaluate(read, chunks));
  } finally {
    await browser.close();
  }
})();
