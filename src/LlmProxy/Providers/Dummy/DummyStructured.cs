namespace LlmProxy.Providers.Dummy;

/// <summary>JSON where any object will do.</summary>
internal static class DummyStructured
{
    public static string AnyObject() => """{"answer":"This is the dummy that is built into LlmProxy; no LLM is configured.","dummy":true}""";
}
