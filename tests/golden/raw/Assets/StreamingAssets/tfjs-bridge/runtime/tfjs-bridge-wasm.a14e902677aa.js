document.currentScript.tfjsBridgePart=$=>{"use strict";var []=$;// wasm
};
