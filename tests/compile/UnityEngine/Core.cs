// A stand-in for the parts of UnityEngine that TfjsBridge uses, written from Unity's scripting reference.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Reflection;

namespace UnityEngine
{
    [Flags]
    public enum HideFlags { None = 0, HideInHierarchy = 1, DontSave = 52, HideAndDontSave = 61 }

    public class Object
    {
        private bool _isDestroyed;

        public string name { get; set; }
        public HideFlags hideFlags { get; set; }

        public static void Destroy(Object target) { if ((object)target != null) target._isDestroyed = true; }
        public static void DontDestroyOnLoad(Object target) { Stub.Kept.Add(target); }

        // A destroyed object equals null.
        public static bool operator ==(Object a, Object b) => IsGone(a) || IsGone(b) ? IsGone(a) && IsGone(b) : ReferenceEquals(a, b);
        public static bool operator !=(Object a, Object b) => !(a == b);
        public static implicit operator bool(Object target) => !IsGone(target);
        public override bool Equals(object other) => ReferenceEquals(this, other);
        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

        private static bool IsGone(Object target) => ReferenceEquals(target, null) || target._isDestroyed;
    }

    public class Component : Object
    {
        public GameObject gameObject { get; internal set; }
        public T GetComponent<T>() where T : Component { return null; }
    }

    public class Behaviour : Component
    {
        public bool enabled { get; set; } = true;
    }

    public class MonoBehaviour : Behaviour
    {
        public Coroutine StartCoroutine(IEnumerator routine) { Stub.Coroutines.Add(routine); return new Coroutine(); }
    }

    public sealed class GameObject : Object
    {
        public GameObject(string name) { this.name = name; }

        public T AddComponent<T>() where T : Component, new()
        {
            var component = new T { gameObject = this };
            var behaviour = component as MonoBehaviour;
            if (behaviour != null) Stub.Behaviours.Add(behaviour);
            return component;
        }
    }

    public class YieldInstruction { }

    public sealed class Coroutine : YieldInstruction { }

    public sealed class WaitForEndOfFrame : YieldInstruction { }

    public abstract class CustomYieldInstruction : IEnumerator
    {
        public abstract bool keepWaiting { get; }
        public object Current => null;
        public bool MoveNext() => keepWaiting;
        public void Reset() { }
    }

    public enum RuntimePlatform { LinuxEditor = 16, WebGLPlayer = 17 }

    public static class Time
    {
        public static int frameCount { get; internal set; }
        public static float unscaledTime { get; internal set; }
    }

    public static class Application
    {
        public static string streamingAssetsPath => "https://game.example/StreamingAssets";
        public static RuntimePlatform platform => Stub.Platform;
    }

    public static class Debug
    {
        public static void Log(object message) => Stub.Logs.Add("log: " + message);
        public static void LogWarning(object message) => Stub.Logs.Add("warning: " + message);
        public static void LogError(object message) => Stub.Logs.Add("error: " + message);
        public static void LogException(Exception exception) => Stub.Logs.Add("exception: " + exception.Message);
    }

    public enum RuntimeInitializeLoadType { AfterSceneLoad, BeforeSceneLoad, AfterAssembliesLoaded, BeforeSplashScreen, SubsystemRegistration }

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class RuntimeInitializeOnLoadMethodAttribute : Attribute
    {
        public RuntimeInitializeOnLoadMethodAttribute(RuntimeInitializeLoadType loadType) { this.loadType = loadType; }
        public RuntimeInitializeLoadType loadType { get; }
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class DefaultExecutionOrder : Attribute
    {
        public DefaultExecutionOrder(int order) { this.order = order; }
        public int order { get; }
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string menuName) { componentMenu = menuName; }
        public string componentMenu { get; }
    }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class SerializeField : Attribute { }

    /// <summary>Not Unity's: what a test sees of the stand-in, and how it drives it.</summary>
    public static class Stub
    {
        public static readonly List<string> Logs = new List<string>();
        public static readonly List<MonoBehaviour> Behaviours = new List<MonoBehaviour>();
        public static readonly List<Object> Kept = new List<Object>();
        public static readonly List<IEnumerator> Coroutines = new List<IEnumerator>();
        public static RuntimePlatform Platform = RuntimePlatform.WebGLPlayer;

        private static readonly Dictionary<Type, Action<MonoBehaviour>> Updates = new Dictionary<Type, Action<MonoBehaviour>>();

        /// <summary>One sixtieth of a second: every Update, then every coroutine whose instruction is done.</summary>
        public static void Frame()
        {
            Time.unscaledTime = ++Time.frameCount / 60f;
            for (var i = 0; i < Behaviours.Count; i++)
                if (Behaviours[i] != null && Behaviours[i].gameObject != null) UpdateOf(Behaviours[i].GetType())(Behaviours[i]);
            for (var i = Coroutines.Count - 1; i >= 0; i--)
            {
                var instruction = Coroutines[i].Current as CustomYieldInstruction;
                if (instruction != null && instruction.keepWaiting) continue;
                if (!Coroutines[i].MoveNext()) Coroutines.RemoveAt(i);
            }
        }

        /// <summary>Destroys what the scene held.</summary>
        public static void LoadScene()
        {
            foreach (var behaviour in Behaviours.ToArray())
            {
                if (behaviour == null || Kept.Contains(behaviour.gameObject)) continue;
                Send(behaviour, "OnDestroy");
                Object.Destroy(behaviour);
            }
        }

        /// <summary>Calls a private method as Unity does, if there is one.</summary>
        public static void Send(MonoBehaviour behaviour, string message) =>
            behaviour.GetType().GetMethod(message, BindingFlags.Instance | BindingFlags.NonPublic)?.Invoke(behaviour, null);

        /// <summary>Enters play mode without a domain reload.</summary>
        public static void EnterPlayMode(Assembly assembly)
        {
            foreach (var type in assembly.GetTypes())
            foreach (var method in type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic))
                if (method.GetCustomAttribute<RuntimeInitializeOnLoadMethodAttribute>() != null) method.Invoke(null, null);
        }

        private static Action<MonoBehaviour> UpdateOf(Type type)
        {
            if (Updates.TryGetValue(type, out var update)) return update;
            var method = type.GetMethod("Update", BindingFlags.Instance | BindingFlags.NonPublic);
            return Updates[type] = method == null ? (Action<MonoBehaviour>)(_ => { }) : Open(method, type);
        }

        // An open delegate, so that a frame of the stand-in allocates nothing itself.
        private static Action<MonoBehaviour> Open(MethodInfo method, Type type)
        {
            var make = typeof(Stub).GetMethod(nameof(OpenFor), BindingFlags.Static | BindingFlags.NonPublic);
            return (Action<MonoBehaviour>)make.MakeGenericMethod(type).Invoke(null, new object[] { method });
        }

        private static Action<MonoBehaviour> OpenFor<T>(MethodInfo method) where T : MonoBehaviour
        {
            var update = (Action<T>)Delegate.CreateDelegate(typeof(Action<T>), method);
            return behaviour => update((T)behaviour);
        }
    }
}

namespace UnityEngine.Scripting
{
    [AttributeUsage(AttributeTargets.All)]
    public class PreserveAttribute : Attribute { }
}
