// Starts a player as the loader of a Unity build does: fetch code and data, unpack the data into the file system, run.
function createUnityInstance(canvas, config, onProgress) {
  onProgress = onProgress || function () {};

  function fetchBinary(url) {
    return fetch(url).then(function (response) {
      if (!response.ok) throw new Error(url + ": HTTP " + response.status);
      return response.arrayBuffer();
    });
  }

  function loadFramework(url) {
    return new Promise(function (resolve, reject) {
      var script = document.createElement("script");
      script.src = url;
      script.onload = function () { resolve(unityFramework); };
      script.onerror = function () { reject(new Error(url + " did not load")); };
      document.body.appendChild(script);
    });
  }

  // "UnityWebData1.0\0", uint32 end of the list, then entries: uint32 offset, size, length of the name, the name.
  function unpack(module, buffer) {
    var view = new DataView(buffer), at = 20, end = view.getUint32(16, true);
    while (at < end) {
      var offset = view.getUint32(at, true), size = view.getUint32(at + 4, true), length = view.getUint32(at + 8, true);
      var name = new TextDecoder().decode(new Uint8Array(buffer, at + 12, length));
      module.FS_createDataFile("/" + name, null, new Uint8Array(buffer, offset, size), true, true, true);
      at += 12 + length;
    }
  }

  var files = Promise.all([loadFramework(config.frameworkUrl), fetchBinary(config.codeUrl), fetchBinary(config.dataUrl)]);
  return files.then(function (loaded) {
    onProgress(0.9);
    var module = Object.assign({ canvas: canvas, wasmBinary: loaded[1] }, config);
    module.preRun = [function () { unpack(module, loaded[2]); }];
    return loaded[0](module);
  }).then(function (module) {
    onProgress(1);
    return { Module: module };
  });
}
