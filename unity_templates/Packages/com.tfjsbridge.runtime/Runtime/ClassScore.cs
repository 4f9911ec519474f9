namespace TfjsBridge
{
    /// <summary>A class and the model's score for it.</summary>
    public readonly struct ClassScore<TLabel> where TLabel : struct
    {
        public readonly TLabel Label;
        public readonly float Score;

        public ClassScore(TLabel label, float score)
        {
            Label = label;
            Score = score;
        }

        public void Deconstruct(out TLabel label, out float score)
        {
            label = Label;
            score = Score;
        }

        public override string ToString() => Label + " " + Score.ToString("0.000");
    }
}
