namespace TfjsBridge
{
    /// <summary>A thing that a detector found, and what a classifier says about it.</summary>
    public readonly struct Staged<TThing, TLabel> where TThing : struct where TLabel : struct
    {
        /// <summary>Where it is and what it is; see <see cref="Detection{TLabel}.Box"/>.</summary>
        public readonly Detection<TThing> Thing;

        /// <summary>The classifier's best class for it.</summary>
        public readonly TLabel Label;

        /// <summary>That class' score.</summary>
        public readonly float Score;

        internal Staged(in Detection<TThing> thing, TLabel label, float score)
        {
            Thing = thing;
            Label = label;
            Score = score;
        }

        public override string ToString() => Label + " " + Score.ToString("0.000") + " of " + Thing;
    }
}
