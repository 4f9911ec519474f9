namespace TfjsBridge
{
    /// <summary>
    /// A model that makes a picture of a picture: another style, more pixels.
    /// <code>
    /// if (model.State == ModelState.Ready) model.TrySubmit(webcam);
    /// if (model.TryGetResult(ref _styled)) _rawImage.texture = _styled;
    /// </code>
    /// </summary>
    public abstract class ImageModel : PixelModel
    {
        protected ImageModel(ModelInfo info, PreferredBackend backend) : base(info, backend, Native.ImageTask)
        {
        }
    }
}
