"""The only code of this project that imports TensorFlow; builder/convert/from_tensorflow starts it and asks."""
