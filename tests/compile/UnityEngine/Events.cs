using System;

namespace UnityEngine.Events
{
    // Abstract as in Unity 2019; a class of its own makes it serializable.
    public abstract class UnityEvent<T0>
    {
        private Action<T0> _calls = _ => { };

        public void AddListener(Action<T0> call) => _calls += call;
        public void Invoke(T0 arg0) => _calls(arg0);
    }
}
