#include "player.h"

#include "TfjsBridge.h"

#include <stdlib.h>

PixelResult pixel_result;

/* As Unity creates a texture: its storage never changes size. Leaves what is bound as it was. */
static void create_texture(int width, int height, int channels) {
  GLint bound;
  glGetIntegerv(GL_TEXTURE_BINDING_2D, &bound);
  glDeleteTextures(1, &pixel_result.texture);
  glGenTextures(1, &pixel_result.texture);
  glBindTexture(GL_TEXTURE_2D, pixel_result.texture);
  glTexStorage2D(GL_TEXTURE_2D, 1, channels == 1 ? GL_R8 : GL_RGBA8, width, height);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
  glBindTexture(GL_TEXTURE_2D, (GLuint)bound);
  pixel_result.width = width;
  pixel_result.height = height;
  pixel_result.channels = channels;
}

bool pixels_are(const int32_t *header) {
  return header[1] == TFJS_BRIDGE_TASK_SEGMENTATION || header[1] == TFJS_BRIDGE_TASK_IMAGE;
}

void pixels_take(const int32_t *header, const float *numbers) {
  int width = (int)numbers[0], height = (int)numbers[1], channels = (int)numbers[2];
  if (width != pixel_result.width || height != pixel_result.height || channels != pixel_result.channels)
    create_texture(width, height, channels);
  pixel_result.frame = header[2];
  pixel_result.code =
      TfjsBridge_PixelsToTexture(bridge.handle, header[2], (int32_t)pixel_result.texture, width, height);
}

const uint8_t *pixels_copied(void) {
  static uint8_t *bytes;
  int size = pixel_result.width * pixel_result.height * pixel_result.channels;
  bytes = realloc(bytes, (size_t)size);
  return TfjsBridge_CopyPixels(bridge.handle, pixel_result.frame, bytes, size) == size ? bytes : NULL;
}

const uint8_t *pixels_drawn(void) {
  static uint8_t *bytes;
  GLint bound;
  GLuint framebuffer;
  bytes = realloc(bytes, (size_t)pixel_result.width * pixel_result.height * 4);
  glGetIntegerv(GL_FRAMEBUFFER_BINDING, &bound);
  glGenFramebuffers(1, &framebuffer);
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, pixel_result.texture, 0);
  if (hostile) hostile_pack(false);
  glReadPixels(0, 0, pixel_result.width, pixel_result.height, GL_RGBA, GL_UNSIGNED_BYTE, bytes);
  if (hostile) hostile_pack(true);
  glBindFramebuffer(GL_FRAMEBUFFER, (GLuint)bound);
  glDeleteFramebuffers(1, &framebuffer);
  return bytes;
}
