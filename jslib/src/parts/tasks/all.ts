/** Every task, for sources that run unbundled. */
import "./classification";
import "./detection";
import "./image";
import "./raw";
import "./segmentation";
