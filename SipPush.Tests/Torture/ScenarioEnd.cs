namespace SipPush.Tests.Torture;

/// <summary>Ends a scenario before its last step.</summary>
internal abstract class ScenarioEnd(string what) : Exception(what);

/// <summary>The system under test did not do what it should.</summary>
internal sealed class ScenarioFailure(string what) : ScenarioEnd(what);

/// <summary>The runner can't do what the step asks for.</summary>
internal sealed class ScenarioSkip(string what) : ScenarioEnd(what);
