"""Opens a finished WebGL build in headless Chromium and checks what it predicts."""
