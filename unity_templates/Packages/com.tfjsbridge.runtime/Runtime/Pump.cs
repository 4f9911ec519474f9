using System;
using System.Collections.Generic;
using UnityEngine;
using UnityEngine.Scripting;

namespace TfjsBridge
{
    /// <summary>Looks at every live model once a frame, then runs what was waiting for their results.</summary>
    [Preserve]
    [AddComponentMenu("")]
    [DefaultExecutionOrder(-30000)]
    internal sealed class Pump : MonoBehaviour
    {
        private static readonly List<Model> Models = new List<Model>();
        private static readonly Predicate<Model> IsGone = model => model == null;
        private static List<Action> _posted = new List<Action>();
        private static List<Action> _running = new List<Action>();
        private static Pump _instance;

        public static void Add(Model model)
        {
            Models.Add(model);
            KeepRunning();
        }

        /// <summary>Safe while the models are being looked at: the place is only emptied.</summary>
        public static void Remove(Model model)
        {
            var index = Models.IndexOf(model);
            if (index >= 0) Models[index] = null;
        }

        /// <summary>Runs <paramref name="continuation"/> in the pump's next turn.</summary>
        public static void Post(Action continuation)
        {
            if (!Native.IsAvailable)
            {
                continuation(); // no pump outside WebGL players: there everything ends as it begins
                return;
            }
            _posted.Add(continuation);
            KeepRunning();
        }

        /// <summary>Makes the pump, at first and should the game ever have destroyed it.</summary>
        public static void KeepRunning()
        {
            if (_instance != null) return;
            var host = new GameObject("TfjsBridge") { hideFlags = HideFlags.HideInHierarchy };
            DontDestroyOnLoad(host);
            _instance = host.AddComponent<Pump>();
        }

        // Without a domain reload, statics of the last play mode would live on.
        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        private static void ResetStatics()
        {
            Models.Clear();
            _posted.Clear();
            _running.Clear();
            _instance = null;
        }

        [Preserve]
        private void Update()
        {
            if (_instance != this) return;
            TickModels();
            RunPosted();
        }

        private static void TickModels()
        {
            for (var i = 0; i < Models.Count; i++)
            {
                try
                {
                    Models[i]?.Tick();
                }
                catch (Exception exception)
                {
                    Debug.LogException(exception);
                }
            }
            Models.RemoveAll(IsGone);
        }

        private static void RunPosted()
        {
            var turn = _posted;
            _posted = _running;
            _running = turn;
            foreach (var continuation in turn)
            {
                try
                {
                    continuation();
                }
                catch (Exception exception)
                {
                    Debug.LogException(exception);
                }
            }
            turn.Clear();
        }
    }
}
