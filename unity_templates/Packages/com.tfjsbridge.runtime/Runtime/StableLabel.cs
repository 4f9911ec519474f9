using System;
using UnityEngine;

namespace TfjsBridge
{
    /// <summary>
    /// Turns flickering predictions into a label that a game can act on: scores are smoothed over time, and another class
    /// has to lead for a while before the label changes.
    /// <code>
    /// private readonly StableLabel&lt;HandSigns.Label&gt; _sign = new StableLabel&lt;HandSigns.Label&gt;(minConfidence: 0.6f);
    /// // in Update
    /// if (model.TryGetResult(out var result) &amp;&amp; _sign.Add(result)) OnSignChanged(_sign.Label);
    /// </code>
    /// </summary>
    /// <remarks>
    /// Scores are taken for probabilities; a class that the model does not report counts as 0. The same pictures give the
    /// same label at any frame rate. Allocates with its first prediction only, and never throws.
    /// </remarks>
    public sealed class StableLabel<TLabel> where TLabel : struct
    {
        private const int None = -1;

        private Classifier<TLabel> _model;
        private float[] _scores = new float[0];
        private double _newest;
        private double _leaderSince;
        private int _leader = None;
        private int _label = None;

        /// <param name="timeConstant">See <see cref="TimeConstant"/>.</param>
        /// <param name="holdTime">See <see cref="HoldTime"/>.</param>
        /// <param name="minConfidence">See <see cref="MinConfidence"/>.</param>
        /// <param name="hysteresis">See <see cref="Hysteresis"/>.</param>
        public StableLabel(
            float timeConstant = 0.2f, float holdTime = 0.2f, float minConfidence = 0.5f, float hysteresis = 0.1f)
        {
            Hysteresis = hysteresis;
            TimeConstant = timeConstant;
            HoldTime = holdTime;
            MinConfidence = minConfidence;
        }

        /// <summary>Seconds in which a smoothed score covers 63 % of the way to a new one; 0 takes scores as they come.</summary>
        public float TimeConstant { get; set; }

        /// <summary>Seconds for which another class, or none, has to lead before the label changes.</summary>
        public float HoldTime { get; set; }

        /// <summary>The smoothed score, 0 to 1, below which the leading class counts as none.</summary>
        public float MinConfidence { get; set; }

        /// <summary>
        /// How far the smoothed score of the present label may fall below MinConfidence before it counts as none, so that a score
        /// at the threshold does not flicker.
        /// </summary>
        public float Hysteresis { get; set; }

        /// <summary>The label; null while no class is clear enough: <c>if (sign.Label == HandSigns.Label.Fist)</c></summary>
        public TLabel? Label => _label == None ? default(TLabel?) : _model.LabelOf(_label);

        /// <summary>The label's smoothed score; 0 while there is none.</summary>
        public float Score => _label == None ? 0 : _scores[_label];

        /// <summary>The smoothed score of any class.</summary>
        public float ScoreOf(TLabel label)
        {
            var index = _model == null ? None : _model.IndexOfLabel(label);
            return index >= 0 && index < _scores.Length ? _scores[index] : 0;
        }

        /// <summary>Takes a prediction of this moment (unscaled time); true when <see cref="Label"/> has changed.</summary>
        public bool Add(in Prediction<TLabel> prediction) => Add(prediction, Time.unscaledTime);

        /// <summary>
        /// The same by a clock of your own, in seconds. A prediction whose list of classes was replaced by a newer result,
        /// or an empty one, changes nothing.
        /// </summary>
        public bool Add(in Prediction<TLabel> prediction, double time)
        {
            var fresh = prediction.FreshScores;
            if (fresh == null || fresh.Count == 0) return false;
            Begin(fresh.Model, time);
            Smooth(fresh, time);
            return Decide(time);
        }

        /// <summary>Forgets everything: no label, no scores. For a new round, or when the camera goes away.</summary>
        public void Reset()
        {
            Array.Clear(_scores, 0, _scores.Length);
            _model = null;
            _leader = _label = None;
        }

        // Anew too when the clock went back, as it does in the next play mode without a domain reload.
        private void Begin(Classifier<TLabel> model, double time)
        {
            if (_model != null && time < _newest) Reset();
            if (_scores.Length != model.Info.ClassCount) _scores = new float[model.Info.ClassCount];
            if (_model == null) _newest = double.NegativeInfinity;
            _model = model;
        }

        private void Smooth(ScoreList<TLabel> fresh, double time)
        {
            var passed = time - _newest;
            var share = TimeConstant > 0 ? (float)(1 - Math.Exp(-passed / TimeConstant)) : 1;
            _newest = time;
            for (var i = 0; i < _scores.Length; i++) _scores[i] *= 1 - share;
            for (var rank = 0; rank < fresh.Count; rank++)
            {
                var index = fresh.IndexAt(rank);
                var score = fresh.ScoreAt(rank);
                if (index >= 0 && index < _scores.Length && !float.IsNaN(score)) _scores[index] += share * score;
            }
        }

        private bool Decide(double time)
        {
            var leader = Leader();
            if (leader != _leader) _leaderSince = time;
            _leader = leader;
            if (leader == _label || time - _leaderSince < HoldTime) return false;
            _label = leader;
            return true;
        }

        private int Leader()
        {
            var best = 0;
            for (var i = 1; i < _scores.Length; i++)
                if (_scores[i] > _scores[best]) best = i;
            if (_scores[best] >= MinConfidence) return best;
            return _label != None && _scores[_label] >= MinConfidence - Hysteresis ? _label : None;
        }
    }
}
