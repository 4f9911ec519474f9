#include "player.h"

#include "TfjsBridge.h"

#include <emscripten.h>
#include <stdlib.h>

/* A texture that the camera is copied into at every frame, and what it holds. */
static GLuint texture, framebuffer;
static int width, height, code;
static uint8_t *pixels;

void camera_frame(void) {
  if (texture) code = TfjsBridge_CameraTexture(bridge.handle, (int32_t)texture, width, height);
}

static void forget(void) {
  glDeleteTextures(1, &texture);
  texture = 0;
}

static void make(bool srgb) {
  GLint bound;
  glGetIntegerv(GL_TEXTURE_BINDING_2D, &bound);
  glGenTextures(1, &texture);
  glBindTexture(GL_TEXTURE_2D, texture);
  glTexStorage2D(GL_TEXTURE_2D, 1, srgb ? GL_SRGB8_ALPHA8 : GL_RGBA8, width, height);
  glBindTexture(GL_TEXTURE_2D, (GLuint)bound);
}

#define EXPORT EMSCRIPTEN_KEEPALIVE

/* Copies the camera into a texture of this size from now on; 0x0 ends that. */
EXPORT void player_camera_texture(int w, int h, int srgb) {
  forget();
  width = w;
  height = h;
  code = TFJS_BRIDGE_SUBMIT_CODE_NOT_READY;
  if (w && h) make(srgb);
}

/* The SubmitCode of the newest copy. */
EXPORT int player_camera_code(void) { return code; }

/* RGBA, bottom row first, of the texture's size. */
EXPORT const uint8_t *player_camera_pixels(void) {
  bool was_hostile = hostile;
  if (was_hostile) hostile_set(false);
  if (!framebuffer) glGenFramebuffers(1, &framebuffer);
  pixels = realloc(pixels, (size_t)width * height * 4);
  glBindFramebuffer(GL_READ_FRAMEBUFFER, framebuffer);
  glFramebufferTexture2D(GL_READ_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
  glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
  glFramebufferTexture2D(GL_READ_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, 0, 0);
  glBindFramebuffer(GL_READ_FRAMEBUFFER, 0);
  if (was_hostile) hostile_set(true);
  return pixels;
}

EXPORT int player_camera_open(int facing, int w, int h, int rotation, int flags) {
  return TfjsBridge_CameraOpen(bridge.handle, facing, w, h, rotation, flags);
}
EXPORT int player_camera_state(void) { return TfjsBridge_CameraState(bridge.handle); }
EXPORT int player_camera_error_code(void) { return TfjsBridge_CameraErrorCode(bridge.handle); }
EXPORT int player_camera_width(void) { return TfjsBridge_CameraWidth(bridge.handle); }
EXPORT int player_camera_height(void) { return TfjsBridge_CameraHeight(bridge.handle); }
EXPORT void player_camera_close(void) { TfjsBridge_CameraClose(bridge.handle); }

/* UTF-8 with a final zero; its length, 0 for none. */
EXPORT int player_camera_message(char *dst, int size) {
  int32_t length = TfjsBridge_CameraMessage(bridge.handle, (uint8_t *)dst, size - 1);
  dst[length > 0 ? length : 0] = 0;
  return length;
}
