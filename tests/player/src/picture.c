#include "player.h"

#include <stdlib.h>
#include <string.h>

Picture picture;

/* Immutable storage, as Unity allocates its textures. Unit 0 stays the picture's. */
static GLuint upload(GLenum format) {
  GLuint texture;
  glGenTextures(1, &texture);
  glBindTexture(GL_TEXTURE_2D, texture);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
  glTexStorage2D(GL_TEXTURE_2D, 1, format, picture.width, picture.height);
  glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, picture.width, picture.height, GL_RGBA, GL_UNSIGNED_BYTE, picture.pixels);
  return texture;
}

static void forget(void) {
  glDeleteTextures(1, &picture.rgba8);
  glDeleteTextures(1, &picture.srgb8);
  free(picture.pixels);
}

void picture_set(const uint8_t *rgba, int width, int height) {
  bool was_hostile = hostile;
  if (was_hostile) hostile_set(false);
  forget();
  picture.width = width;
  picture.height = height;
  picture.pixels = malloc((size_t)width * height * 4);
  memcpy(picture.pixels, rgba, (size_t)width * height * 4);
  glActiveTexture(GL_TEXTURE0);
  picture.rgba8 = upload(GL_RGBA8);
  picture.srgb8 = upload(GL_SRGB8_ALPHA8);
  draw_bind();
  if (was_hostile) hostile_set(true);
}

/* int32 width and height, then the pixels. */
void picture_load(void) {
  size_t size;
  uint8_t *file = read_file("/picture.rgba", &size);
  const int32_t *header = (const int32_t *)file;
  picture_set(file + 8, header[0], header[1]);
  free(file);
}
