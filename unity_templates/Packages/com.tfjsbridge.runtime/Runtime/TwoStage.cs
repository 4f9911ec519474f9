using System;
using UnityEngine;

namespace TfjsBridge
{
    /// <summary>
    /// A detector finds a thing, a classifier looks at it alone: faces and their expression, hands and their gesture.
    /// <code>
    /// private readonly TwoStage&lt;Faces.Label, Emotion.Label&gt; _mood =
    ///     new TwoStage&lt;Faces.Label, Emotion.Label&gt;(new Faces(), new Emotion());
    /// // in Update
    /// _mood.TrySubmit(webcam);
    /// if (_mood.TryGetResult(out var found)) Show(found.Thing.Box, found.Label);
    /// </code>
    /// </summary>
    /// <remarks>
    /// The detector does not run on every picture: the box that it found last is looked at until <see cref="Interval"/>
    /// has passed, or nothing was found. Use it on the main thread; nothing here throws, and nothing allocates per frame.
    /// </remarks>
    public sealed class TwoStage<TThing, TLabel> : IDisposable where TThing : struct where TLabel : struct
    {
        // Larger than classifiers' inputs, so that their own resizing decides how the crop looks.
        private const int CropSide = 256;
        // One inference is in flight and one picture waits; results of older ones were replaced.
        private const int Kept = 4;

        private readonly Detection<TThing>[] _found = new Detection<TThing>[16];
        private RenderTexture _crop;
        private Detection<TThing> _thing;
        private readonly Detection<TThing>[] _asked = new Detection<TThing>[Kept];
        private readonly int[] _frames = new int[Kept];
        private int _next;
        private double _detectedAt = double.NegativeInfinity;
        private bool _hasThing;

        /// <summary>Takes both models over: <see cref="Dispose"/> disposes them.</summary>
        public TwoStage(Detector<TThing> detector, Classifier<TLabel> classifier)
        {
            Detector = detector;
            Classifier = classifier;
        }

        public Detector<TThing> Detector { get; }

        public Classifier<TLabel> Classifier { get; }

        /// <summary>The crop's side in sides of the square around the box: 1 for what lies in it alone.</summary>
        public float Enlarge { get; set; } = 1.1f;

        /// <summary>Seconds after which the detector looks again; 0 for every picture.</summary>
        public float Interval { get; set; } = 0.5f;

        /// <summary>Only things with this label count; null for any.</summary>
        public TThing? Only { get; set; }

        /// <summary>The best thing that the detector found last; null while there is none.</summary>
        public Detection<TThing>? Thing => _hasThing ? _thing : default(Detection<TThing>?);

        /// <summary>
        /// Hands over a picture of this moment: to the detector when it is due, and what lies in the last box to the
        /// classifier. Loads both models. True when one of them took something.
        /// </summary>
        public bool TrySubmit(Texture source) => TrySubmit(source, Time.unscaledTime);

        /// <summary>The same by a clock of your own, in seconds.</summary>
        public bool TrySubmit(Texture source, double time)
        {
            Classifier.Load();
            Detector.Load();
            if (source == null) return false;
            Follow();
            var isTaken = IsDue(time) && Detector.TrySubmit(source);
            if (isTaken) _detectedAt = time;
            return Classify(source) || isTaken;
        }

        /// <summary>The newest result, each one once: what the thing is, and where it was when it was looked at.</summary>
        public bool TryGetResult(out Staged<TThing, TLabel> result)
        {
            Follow();
            var isNew = Classifier.TryGetResult(out var said);
            var place = isNew ? Array.IndexOf(_frames, said.Frame) : -1;
            result = place < 0
                ? default(Staged<TThing, TLabel>)
                : new Staged<TThing, TLabel>(_asked[place], said.Label, said.Score);
            return place >= 0;
        }

        public void Dispose()
        {
            Detector.Dispose();
            Classifier.Dispose();
            if (_crop != null) UnityEngine.Object.Destroy(_crop);
            _crop = null;
        }

        /// <summary>
        /// The square around the middle of a box of a picture of this size, in parts of the picture: as large as the
        /// box' longer side times <paramref name="enlarge"/>, no larger than the picture, and moved into it.
        /// </summary>
        public static Rect Square(Rect box, float width, float height, float enlarge)
        {
            var side = Math.Min(enlarge * Math.Max(box.width * width, box.height * height), Math.Min(width, height));
            float wide = side / width, high = side / height;
            var x = Inside(box.x + box.width / 2 - wide / 2, wide);
            return new Rect(x, Inside(box.y + box.height / 2 - high / 2, high), wide, high);
        }

        private static float Inside(float start, float size) => Math.Max(0, Math.Min(start, 1 - size));

        // The clock may go back, as it does in the next play mode without a domain reload.
        private bool IsDue(double time) => time - _detectedAt >= Interval || time < _detectedAt || !_hasThing;

        private void Follow()
        {
            if (!Detector.TryGetDetections(_found, out var count)) return;
            _hasThing = false;
            for (var rank = 0; rank < count && !_hasThing; rank++)
            {
                if (Only.HasValue && Detector.IndexOfLabel(_found[rank].Label) != Detector.IndexOfLabel(Only.Value)) continue;
                _thing = _found[rank];
                _hasThing = true;
            }
        }

        private bool Classify(Texture source)
        {
            if (!_hasThing || Classifier.State != ModelState.Ready) return false;
            if (_crop == null) _crop = new RenderTexture(CropSide, CropSide, 0);
            var square = Square(_thing.Box, source.width, source.height, Enlarge);
            var previous = RenderTexture.active;
            Graphics.Blit(source, _crop, new Vector2(square.width, square.height), new Vector2(square.x, square.y));
            RenderTexture.active = previous;
            if (!Classifier.TrySubmit(_crop)) return false;
            _asked[_next] = _thing;
            _frames[_next] = Classifier.LastFrame;
            _next = (_next + 1) % Kept;
            return true;
        }
    }
}
