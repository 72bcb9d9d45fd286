// node memlab.cjs FOLDER FILE: what memlab finds in a V8 heap snapshot, as JSON lists by node.
// FOLDER is where `npm install @memlab/core` was run.
const fs = require('fs');
const path = require('path');
const {createRequire} = require('module');
const {config, utils, TraceFinder} = createRequire(path.join(process.argv[2], 'x.js'))('@memlab/core');

(async () => {
  config.muteConsole = true;
  const heap = await utils.getSnapshotFromFile(process.argv[3], {});
  new TraceFinder().calculateAllNodesRetainedSizes(heap);
  const found = {size: [], retained: [], dominator: []};
  heap.nodes.forEach(node => {
    found.size.push(node.self_size);
    found.retained.push(Number(node.retainedSize));
    found.dominator.push(node.dominatorNode.nodeIndex);
  });
  fs.writeSync(1, JSON.stringify(found));
})();
