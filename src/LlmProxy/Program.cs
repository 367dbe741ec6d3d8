using LlmProxy.Hosting;

return args switch
{
    ["healthcheck", ..] => await HealthCheckCommand.RunAsync(args),
    ["reprice", ..] => await RepriceCommand.RunAsync(args),
    _ => await GatewayHost.RunAsync(args),
};
