namespace LlmProxy.Routing;

/// <summary>One LLM that may answer a call, and the model name it will be asked for.</summary>
internal readonly record struct RouteTarget(Deployment Deployment, string Model);
