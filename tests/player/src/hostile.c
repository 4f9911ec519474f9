#include "player.h"

#include <stdlib.h>

bool hostile;

enum { UNITS = 16, TARGET = 64 };

static GLuint samplers[UNITS], targets[2], textures[UNITS], renderbuffer, buffers[6], feedback;

static void make_objects(void) {
  if (renderbuffer) return;
  glGenSamplers(UNITS, samplers);
  glGenFramebuffers(2, targets);
  glGenTextures(UNITS, textures);
  glGenRenderbuffers(1, &renderbuffer);
  glGenBuffers(6, buffers);
  glGenTransformFeedbacks(1, &feedback);
}

/* Samplers that show: everything is drawn with nearest, repeating texels. The last units hold small textures. */
static void set_units(bool on) {
  for (int unit = 0; unit < UNITS; unit++) {
    glSamplerParameteri(samplers[unit], GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glSamplerParameteri(samplers[unit], GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glBindSampler((GLuint)unit, on ? samplers[unit] : 0);
    if (unit < 2) continue;
    glActiveTexture(GL_TEXTURE0 + (GLenum)unit);
    glBindTexture(GL_TEXTURE_2D, on ? textures[unit] : 0);
  }
  glActiveTexture(on ? GL_TEXTURE5 : GL_TEXTURE0);
}

static void set_fragments(bool on) {
  void (*enable)(GLenum) = on ? glEnable : glDisable;
  enable(GL_SCISSOR_TEST);
  enable(GL_POLYGON_OFFSET_FILL);
  enable(GL_DEPTH_TEST);
  enable(GL_STENCIL_TEST);
  enable(GL_CULL_FACE);
  enable(GL_DITHER);
  enable(GL_SAMPLE_COVERAGE);
  enable(GL_SAMPLE_ALPHA_TO_COVERAGE);
  glCullFace(on ? GL_FRONT : GL_BACK);
  glScissor(on ? 10 : 0, on ? 14 : 0, on ? 900 : 4096, on ? 560 : 4096);
  glDepthFunc(on ? GL_ALWAYS : GL_LESS);
  glDepthMask(on ? GL_FALSE : GL_TRUE);
  glStencilFunc(GL_ALWAYS, on ? 3 : 0, on ? 0x7F : 0xFF);
  glStencilOp(GL_KEEP, GL_KEEP, on ? GL_INCR : GL_KEEP);
  glColorMask(GL_TRUE, GL_TRUE, on ? GL_FALSE : GL_TRUE, GL_TRUE);
}

static void set_blending(bool on) {
  glBlendEquationSeparate(on ? GL_FUNC_SUBTRACT : GL_FUNC_ADD, on ? GL_MAX : GL_FUNC_ADD);
  glBlendColor(0, 0, on ? 0.25f : 0, on ? 0.5f : 0);
  if (on) glBlendFuncSeparate(GL_SRC_ALPHA, GL_CONSTANT_ALPHA, GL_ONE, GL_CONSTANT_ALPHA);
  else glBlendFunc(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA);
}

/* The buffers behind read-back and upload: a plug-in that forgets them reads or writes at an offset, or fails. */
static void set_buffers(bool on) {
  static const GLenum TARGETS[] = {GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, GL_UNIFORM_BUFFER, GL_PIXEL_UNPACK_BUFFER};
  for (int i = 0; i < 4; i++) {
    glBindBuffer(TARGETS[i], on ? buffers[i] : 0);
    if (on) glBufferData(TARGETS[i], 1024, NULL, GL_STATIC_DRAW);
  }
  glBindTransformFeedback(GL_TRANSFORM_FEEDBACK, on ? feedback : 0);
  glBindRenderbuffer(GL_RENDERBUFFER, on ? renderbuffer : 0);
}

void hostile_pack(bool on) {
  glBindBuffer(GL_PIXEL_PACK_BUFFER, on ? buffers[4] : 0);
  if (on) glBufferData(GL_PIXEL_PACK_BUFFER, 16, NULL, GL_STREAM_READ);
  glPixelStorei(GL_PACK_ALIGNMENT, on ? 8 : 4);
  glPixelStorei(GL_PACK_ROW_LENGTH, on ? 77 : 0);
  glPixelStorei(GL_PACK_SKIP_PIXELS, on ? 3 : 0);
  glPixelStorei(GL_PACK_SKIP_ROWS, on ? 5 : 0);
}

static void set_unpack(bool on) {
  glPixelStorei(0x9240, on);                 /* UNPACK_FLIP_Y_WEBGL */
  glPixelStorei(0x9241, on);                 /* UNPACK_PREMULTIPLY_ALPHA_WEBGL */
  glPixelStorei(0x9243, on ? 0 : 0x9244);    /* UNPACK_COLORSPACE_CONVERSION_WEBGL */
  glPixelStorei(GL_UNPACK_ALIGNMENT, on ? 2 : 4);
  glPixelStorei(GL_UNPACK_ROW_LENGTH, on ? 99 : 0);
  glPixelStorei(GL_UNPACK_IMAGE_HEIGHT, on ? 55 : 0);
  glPixelStorei(GL_UNPACK_SKIP_PIXELS, on ? 2 : 0);
  glPixelStorei(GL_UNPACK_SKIP_ROWS, on ? 3 : 0);
  glPixelStorei(GL_UNPACK_SKIP_IMAGES, on ? 1 : 0);
}

void hostile_set(bool on) {
  make_objects();
  hostile = on;
  set_units(on);
  set_fragments(on);
  set_blending(on);
  set_buffers(on);
  hostile_pack(on);
  set_unpack(on);
}

static void bind_targets(bool on) {
  static GLuint color[2];
  for (int i = 0; i < 2; i++) {
    glBindFramebuffer(GL_FRAMEBUFFER, targets[i]);
    if (!color[i]) {
      glGenRenderbuffers(1, &color[i]);
      glBindRenderbuffer(GL_RENDERBUFFER, color[i]);
      glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, TARGET, TARGET);
      glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, color[i]);
      glBindRenderbuffer(GL_RENDERBUFFER, renderbuffer);
    }
  }
  glBindFramebuffer(GL_DRAW_FRAMEBUFFER, on ? targets[0] : 0);
  glBindFramebuffer(GL_READ_FRAMEBUFFER, on ? targets[1] : 0);
}

/* As in the middle of a camera's rendering: into a small target, with a mask and a viewport of its own. */
void hostile_call(bool on) {
  static GLint viewport[4];
  if (on) glGetIntegerv(GL_VIEWPORT, viewport);
  bind_targets(on);
  if (on) glViewport(3, 5, 17, 19);
  else glViewport(viewport[0], viewport[1], viewport[2], viewport[3]);
  glScissor(on ? 1 : 10, on ? 2 : 14, on ? 3 : 900, on ? 4 : 560);
  glColorMask(on ? GL_FALSE : GL_TRUE, GL_TRUE, GL_FALSE, on ? GL_FALSE : GL_TRUE);
  glFrontFace(on ? GL_CW : GL_CCW);
  glCullFace(on ? GL_FRONT_AND_BACK : GL_FRONT);
  if (on) glEnable(GL_RASTERIZER_DISCARD);
  else glDisable(GL_RASTERIZER_DISCARD);
}
