using UnityEngine;

namespace TfjsBridge
{
    /// <summary>A thing that a detector found: where it is, what it is, and how certain that is.</summary>
    public readonly struct Detection<TLabel> where TLabel : struct
    {
        /// <summary>
        /// The box in parts of the picture that was handed over, 0 to 1, with x to the right and y upwards from its
        /// bottom left corner, as Unity's viewports and textures count.
        /// </summary>
        public readonly Rect Box;

        public readonly TLabel Label;

        /// <summary>0 to 1.</summary>
        public readonly float Score;

        public Detection(Rect box, TLabel label, float score)
        {
            Box = box;
            Label = label;
            Score = score;
        }

        /// <summary>
        /// The box in a rectangle in which the picture is shown: that of a RawImage, or
        /// <c>new Rect(0, 0, Screen.width, Screen.height)</c>.
        /// </summary>
        public Rect In(Rect shown) => new Rect(
            shown.x + Box.x * shown.width,
            shown.y + Box.y * shown.height,
            Box.width * shown.width,
            Box.height * shown.height);

        public void Deconstruct(out Rect box, out TLabel label, out float score)
        {
            box = Box;
            label = Label;
            score = Score;
        }

        public override string ToString() => Label + " " + Score.ToString("0.000") + " " + Box;
    }
}
