namespace LlmProxy.IntegrationTests.Contract;

/// <summary>Gemini's dialect at a cloud's address.</summary>
public sealed class VertexScript : GeminiScript
{
    public override string Provider => "vertex";

    public override string Dialect => "gemini";

    public override string Model => "gemini-2.5-flash-lite"; // Not the other script's: its LLM would follow.

    public override object Auth => new { access_token = "t", project = "p", location = "europe-west4" };

    public override string BaseUrl(string address) => address;
}
