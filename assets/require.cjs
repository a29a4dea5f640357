'use strict';
// What `require('thumbnet')` gets where Node cannot load ES modules by require.
throw new Error(
  `thumbnet is an ES module, and require() of ES modules needs Node 20.19 or 22.12, not ${process.version}\n` +
    "  fix: update Node, or load it by import('thumbnet')",
);
