using System;
using System.Collections.Generic;
using UnityEngine;
using UnityEngine.Scripting;

namespace TfjsBridge
{
    /// <summary>
    /// Looks at every live model once a frame, then runs what was waiting for their results. It lives through scene
    /// changes, and in WebGL players only.
    /// </summary>
    [Preserve]
    [AddComponentMenu("")]
    [DefaultExecutionOrder(-30000)]
    internal sealed class Pump : MonoBehaviour
    {
        private static readonly List<Model> Models = new List<Model>();
        private static List<Action> _posted = new List<Action>();
        private static List<Action> _running = new List<Action>();
        private static Pump _instance;

        public static void Add(Model model)
        {
            Models.Add(model);
            KeepRunning();
        }

        public static void Remove(Model model) => Models.Remove(model);

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

        // Play modes of the editor can follow each other without a domain reload.
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
            // Backwards: a model that has failed takes itself off the list.
            for (var i = Models.Count - 1; i >= 0; i--)
            {
                try
                {
                    Models[i].Tick();
                }
                catch (Exception exception)
                {
                    Debug.LogException(exception);
                }
            }
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
