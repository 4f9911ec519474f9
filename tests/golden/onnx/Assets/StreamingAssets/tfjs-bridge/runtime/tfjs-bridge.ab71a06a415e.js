"use strict";(()=>{const __JOINED__={kernels:[],onnx:{file:{"path":"ort-wasm.5931d13579d9.wasm","bytes":10,"sha256":"5931d13579d939882282218571c54ba852140bdb4a11622ddc35ed6cc4115356"},script:{"path":"tfjs-bridge-onnxruntime.510335cff907.js","bytes":27,"sha256":"510335cff90773a46e8f03e6c6598ffdf80ed8dbdc43e8695ae09244e37b81d8"},names:()=>[]}};// stands for the core
})();
