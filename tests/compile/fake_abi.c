/* The bridge's functions as a program that a test drives: nothing happens until a Fake_ function says so. */
#include <stdlib.h>
#include <string.h>

#include "tfjs_bridge.h"

enum { MODELS = 64, RESULTS = 128, TEXT = 1024 };

typedef struct {
  int bytes, failed;
  uint8_t data[TFJS_BRIDGE_RESULT_HEADER_BYTES + 64 * 4];
} Result;

typedef struct {
  int width, height, channels;
} Pixels;

typedef struct {
  int state, error;
  float progress;
  char message[TEXT];
  int in_flight, is_explicit, has_pending, pending; /* frame numbers; 0 when idle */
  int queue[TFJS_BRIDGE_QUEUE_LIMIT], queued;
  Result results[RESULTS];
  int first, finished;
  float stats[TFJS_BRIDGE_STATS_COUNT];
  Pixels pixels;
  int polled, forgotten; /* frames from the one behind `forgotten` to `polled` have pixels */
} Model;

typedef struct {
  int path, texture, width, height, flags, frame, submits;
} Last;

/* What CameraOpen was given, in its order; how often; and what the test says of the camera. */
typedef struct {
  int facing, width, height, rotation, flags, opens, state, error, picture_width, picture_height;
  char message[TEXT];
} FakeCamera;

static Model models[MODELS];
static FakeCamera camera;
static int has_runtime = 1;
static Last last;
static int created, abi = TFJS_BRIDGE_ABI_VERSION, has_context = 1, camera_frames = 1, lost_context;
static char texts[3][TEXT];
static uint8_t *last_pixels;
static int last_bytes, drawn_texture, drawn_frame;

static Model *model_of(int handle) { return handle > 0 && handle <= created ? &models[handle - 1] : NULL; }

static void set_error(Model *model, int code, const char *message) {
  model->error = code;
  strncpy(model->message, message, TEXT - 1);
}

static int write_out(uint8_t *dst, int size, const void *from, int bytes) {
  if (bytes > size) return -bytes;
  memcpy(dst, from, bytes);
  return bytes;
}

/* --- the ABI --- */

int32_t TfjsBridge_Abi(void) { return abi; }

int32_t TfjsBridge_Create(const char *url, const char *hash, const char *options) {
  const char *given[3] = {url, hash, options};
  for (int i = 0; i < 3; i++) strncpy(texts[i], given[i], TEXT - 1);
  return ++created;
}

int32_t TfjsBridge_State(int32_t handle) {
  Model *model = model_of(handle);
  return model ? model->state : TFJS_BRIDGE_STATE_DISPOSED;
}

float TfjsBridge_Progress(int32_t handle) { return model_of(handle) ? model_of(handle)->progress : 0; }

int32_t TfjsBridge_ErrorCode(int32_t handle) { return model_of(handle) ? model_of(handle)->error : 0; }

int32_t TfjsBridge_Message(int32_t handle, uint8_t *dst, int32_t size) {
  Model *model = model_of(handle);
  return model ? write_out(dst, size, model->message, (int)strlen(model->message)) : 0;
}

static int submit(int handle, Last now) {
  Model *model = model_of(handle);
  if (!model || model->state == TFJS_BRIDGE_STATE_LOADING) return TFJS_BRIDGE_SUBMIT_CODE_NOT_READY;
  if (model->state != TFJS_BRIDGE_STATE_READY) return TFJS_BRIDGE_SUBMIT_CODE_FAILED;
  int queues = now.flags & TFJS_BRIDGE_SOURCE_FLAGS_QUEUE;
  if (queues && model->queued == TFJS_BRIDGE_QUEUE_LIMIT) return TFJS_BRIDGE_SUBMIT_CODE_QUEUE_FULL;
  now.submits = last.submits + 1;
  last = now;
  model->stats[TFJS_BRIDGE_STAT_SUBMITTED]++;
  model->stats[TFJS_BRIDGE_STAT_PATH] = (float)now.path;
  if (!model->in_flight) {
    model->in_flight = now.frame;
    model->is_explicit = queues != 0;
    return TFJS_BRIDGE_SUBMIT_CODE_ACCEPTED;
  }
  if (queues) {
    model->queue[model->queued++] = now.frame;
  } else {
    model->stats[TFJS_BRIDGE_STAT_DROPPED] += (float)model->has_pending;
    model->has_pending = 1;
    model->pending = now.frame;
  }
  return TFJS_BRIDGE_SUBMIT_CODE_QUEUED;
}

int32_t TfjsBridge_SubmitTexture(int32_t handle, int32_t texture, int32_t w, int32_t h, int32_t flags, int32_t frame) {
  if (!has_context) return TFJS_BRIDGE_SUBMIT_CODE_NO_GL_CONTEXT;
  if (lost_context) return TFJS_BRIDGE_SUBMIT_CODE_FAILED;
  return submit(handle, (Last){TFJS_BRIDGE_PATH_TEXTURE, texture, w, h, flags, frame, 0});
}

int32_t TfjsBridge_SubmitPixels(int32_t handle, const uint8_t *pixels, int32_t w, int32_t h, int32_t flags, int32_t frame) {
  int bytes = w * h * (flags & TFJS_BRIDGE_SOURCE_FLAGS_RGB24 ? 3 : 4);
  if (bytes > last_bytes) last_pixels = realloc(last_pixels, bytes);
  last_bytes = bytes;
  memcpy(last_pixels, pixels, bytes);
  return submit(handle, (Last){TFJS_BRIDGE_PATH_PIXELS, 0, w, h, flags, frame, 0});
}

int32_t TfjsBridge_SubmitCamera(int32_t handle, int32_t flags, int32_t frame) {
  if (camera_frames == 0) return TFJS_BRIDGE_SUBMIT_CODE_NOT_READY;
  if (camera_frames < 0) return TFJS_BRIDGE_SUBMIT_CODE_FAILED;
  return submit(handle, (Last){TFJS_BRIDGE_PATH_CAMERA, 0, 0, 0, flags, frame, 0});
}

int32_t TfjsBridge_CameraOpen(
    int32_t handle, int32_t facing, int32_t width, int32_t height, int32_t rotation, int32_t flags) {
  if (!model_of(handle) || !has_runtime) return TFJS_BRIDGE_SUBMIT_CODE_NOT_READY;
  if (rotation % 90) return TFJS_BRIDGE_SUBMIT_CODE_UNSUPPORTED;
  const int given[] = {facing, width, height, rotation, flags, camera.opens + 1};
  memcpy(&camera, given, sizeof given);
  camera.state = TFJS_BRIDGE_CAMERA_STATE_ASKING;
  return camera.state;
}

int32_t TfjsBridge_CameraState(int32_t handle) { return model_of(handle) ? camera.state : 0; }

int32_t TfjsBridge_CameraErrorCode(int32_t handle) { return model_of(handle) ? camera.error : 0; }

int32_t TfjsBridge_CameraMessage(int32_t handle, uint8_t *dst, int32_t size) {
  return model_of(handle) ? write_out(dst, size, camera.message, (int)strlen(camera.message)) : 0;
}

int32_t TfjsBridge_CameraWidth(int32_t handle) { return model_of(handle) ? camera.picture_width : 0; }

int32_t TfjsBridge_CameraHeight(int32_t handle) { return model_of(handle) ? camera.picture_height : 0; }

int32_t TfjsBridge_CameraTexture(int32_t handle, int32_t texture, int32_t width, int32_t height) {
  if (!model_of(handle)) return TFJS_BRIDGE_SUBMIT_CODE_NOT_READY;
  last.texture = texture;
  last.width = width;
  last.height = height;
  return has_context ? TFJS_BRIDGE_SUBMIT_CODE_ACCEPTED : TFJS_BRIDGE_SUBMIT_CODE_NO_GL_CONTEXT;
}

void TfjsBridge_CameraClose(int32_t handle) {
  if (model_of(handle)) camera.state = TFJS_BRIDGE_CAMERA_STATE_CLOSED;
}

int32_t TfjsBridge_Poll(int32_t handle, uint8_t *dst, int32_t size) {
  Model *model = model_of(handle);
  if (!model || model->state == TFJS_BRIDGE_STATE_DISPOSED || model->first == model->finished) return 0;
  Result *result = &model->results[model->first % RESULTS];
  int failed = result->failed;
  int written = write_out(dst, size, result->data, result->bytes);
  if (written > 0) {
    int32_t frame;
    memcpy(&frame, result->data + 8, sizeof frame);
    if (frame > model->polled) model->polled = frame;
    model->first++;
  }
  return failed && written > 0 ? -1 : written;
}

/* The pixels of a polled result; every byte is the frame's number. */
static Pixels *pixels_of(int handle, int frame) {
  Model *model = model_of(handle);
  if (!model || model->state == TFJS_BRIDGE_STATE_DISPOSED || frame <= model->forgotten) return NULL;
  return frame <= model->polled ? &model->pixels : NULL;
}

int32_t TfjsBridge_CopyPixels(int32_t handle, int32_t frame, uint8_t *dst, int32_t size) {
  Pixels *pixels = pixels_of(handle, frame);
  if (!pixels) return 0;
  int bytes = pixels->width * pixels->height * pixels->channels;
  if (bytes > size) return -bytes;
  memset(dst, frame, bytes);
  return bytes;
}

int32_t TfjsBridge_PixelsToTexture(int32_t handle, int32_t frame, int32_t texture, int32_t width, int32_t height) {
  Pixels *pixels = pixels_of(handle, frame);
  if (!pixels) return TFJS_BRIDGE_SUBMIT_CODE_NOT_READY;
  if (width != pixels->width || height != pixels->height) return TFJS_BRIDGE_SUBMIT_CODE_BAD_TEXTURE;
  drawn_texture = texture;
  drawn_frame = frame;
  return TFJS_BRIDGE_SUBMIT_CODE_ACCEPTED;
}

/* Of 64x48, every byte the number of the newest frame; kept from the first call on. */
int32_t TfjsBridge_CopyInput(int32_t handle, uint8_t *dst, int32_t size) {
  enum { BYTES = 64 * 48 * 4 };
  static int wanted_since;
  if (!model_of(handle)) return 0;
  if (!wanted_since) wanted_since = last.submits + 1;
  if (last.submits < wanted_since) return 0;
  if (size < BYTES) return -BYTES;
  memset(dst, last.frame, BYTES);
  return BYTES;
}

int32_t TfjsBridge_Stats(int32_t handle, uint8_t *dst, int32_t size) {
  Model *model = model_of(handle);
  return model ? write_out(dst, size, model->stats, sizeof model->stats) : 0;
}

void TfjsBridge_Dispose(int32_t handle) {
  if (model_of(handle)) model_of(handle)->state = TFJS_BRIDGE_STATE_DISPOSED;
}

/* --- for the test --- */

void Fake_SetAbi(int version) { abi = version; }

void Fake_SetContext(int present) { has_context = present; }

/* 1: the camera has a frame, 0: not yet, -1: the user refused. */
void Fake_SetCamera(int frames) { camera_frames = frames; }

/* The runtime's script is there, or on its way. */
void Fake_SetRuntime(int present) { has_runtime = present; }

void Fake_CameraIs(int state, int error, const char *message, int width, int height) {
  camera.state = state;
  camera.error = error;
  camera.picture_width = width;
  camera.picture_height = height;
  strncpy(camera.message, message, TEXT - 1);
}

/* In the order of FakeCamera's fields. */
int Fake_CameraOpened(int field) { return ((int *)&camera)[field]; }

void Fake_Loading(int handle, float progress) { models[handle - 1].progress = progress; }

void Fake_Ready(int handle) {
  models[handle - 1].progress = 1;
  models[handle - 1].state = TFJS_BRIDGE_STATE_READY;
}

void Fake_SetError(int handle, int code, const char *message) { set_error(&models[handle - 1], code, message); }

void Fake_Fail(int handle, int code, const char *message) {
  set_error(&models[handle - 1], code, message);
  models[handle - 1].state = TFJS_BRIDGE_STATE_FAILED;
}

static int next_frame(Model *model) {
  int frame = model->in_flight;
  model->in_flight = 0;
  model->is_explicit = model->queued > 0;
  if (model->queued) {
    model->in_flight = model->queue[0];
    memmove(model->queue, model->queue + 1, sizeof(int) * (size_t)--model->queued);
  } else if (model->has_pending) {
    model->in_flight = model->pending;
    model->has_pending = 0;
  }
  return frame;
}

/* Ends the inference in flight with the numbers of a task's result, or as failed where there are none, and begins the next one. */
int Fake_FinishTask(int handle, int task, const float *numbers, int count) {
  Model *model = &models[handle - 1];
  if (!model->in_flight) return 0;
  int32_t header[4] = {TFJS_BRIDGE_RESULT_VERSION, task, model->in_flight, count};
  Result *result = &model->results[model->finished++ % RESULTS];
  result->failed = !numbers;
  result->bytes = (int)sizeof header + 4 * count;
  memcpy(result->data, header, sizeof header);
  if (count) memcpy(result->data + sizeof header, numbers, 4 * (size_t)count);
  model->stats[numbers ? TFJS_BRIDGE_STAT_FINISHED : TFJS_BRIDGE_STAT_FAILED]++;
  return next_frame(model);
}

/* The same with (class, score) pairs. */
int Fake_Finish(int handle, const float *scores, int pairs) {
  return Fake_FinishTask(handle, TFJS_BRIDGE_TASK_CLASSIFICATION, scores, 2 * pairs);
}

/* The same with a mask (task 3, one channel) or a picture (task 4, four). */
int Fake_FinishPixels(int handle, int width, int height, int channels) {
  Model *model = &models[handle - 1];
  if (!model->in_flight) return 0;
  int task = channels == 1 ? TFJS_BRIDGE_TASK_SEGMENTATION : TFJS_BRIDGE_TASK_IMAGE;
  int32_t header[4] = {TFJS_BRIDGE_RESULT_VERSION, task, model->in_flight, 3};
  float numbers[3] = {(float)width, (float)height, (float)channels};
  Result *result = &model->results[model->finished++ % RESULTS];
  result->failed = 0;
  result->bytes = (int)(sizeof header + sizeof numbers);
  memcpy(result->data, header, sizeof header);
  memcpy(result->data + sizeof header, numbers, sizeof numbers);
  model->pixels = (Pixels){width, height, channels};
  return next_frame(model);
}

/* The pixels of results up to this frame are gone. */
void Fake_Forget(int handle, int frame) { models[handle - 1].forgotten = frame; }

/* The texture that was drawn into last, and the frame whose pixels it got. */
int Fake_DrawnTexture(void) { return drawn_texture; }

int Fake_DrawnFrame(void) { return drawn_frame; }

/* TensorFlow.js lost its context: explicit predictions fail, other frames are dropped, and the model loads anew. */
void Fake_Lose(int handle, const char *message) {
  Model *model = &models[handle - 1];
  while (model->in_flight) {
    if (model->is_explicit) {
      set_error(model, 108, message);
      Fake_Finish(handle, NULL, 0);
    } else {
      next_frame(model);
    }
  }
  model->progress = 0;
  model->state = TFJS_BRIDGE_STATE_LOADING;
}

/* The game lost its own context. */
void Fake_LoseGame(int code, const char *message) {
  lost_context = 1;
  for (int i = 0; i < created; i++) set_error(&models[i], code, message);
}

/* In the order of Last's fields. */
int Fake_Last(int field) { return ((int *)&last)[field]; }

int Fake_LastPixels(uint8_t *dst, int size) { return write_out(dst, size, last_pixels, last_bytes); }

/* 0: contract's URL, 1: its hash, 2: options. */
int Fake_Text(int which, uint8_t *dst, int size) { return write_out(dst, size, texts[which], (int)strlen(texts[which])); }

int Fake_Live(void) {
  int live = 0;
  for (int i = 0; i < created; i++) live += models[i].state != TFJS_BRIDGE_STATE_DISPOSED;
  return live;
}

int Fake_Created(void) { return created; }
