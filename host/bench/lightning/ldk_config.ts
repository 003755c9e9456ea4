import * as ldk from "lightningdevkit";

export interface LdkOptions {
  /** option_anchors; without it option_static_remotekey alone. */
  readonly anchors?: boolean;
  /** Keeps what a restart needs, at every change: slow. */
  readonly durable?: boolean;
  /** Satoshi per 1,000 units of weight, for all purposes; 253 unless given. */
  readonly feeratePerKw?: number;
  /** max_accepted_htlcs; 50 unless given. */
  readonly maxAcceptedHtlcs?: number;
  /** Every line that it logs. */
  readonly log?: (line: string) => void;
}

/**
 * LDK's configuration for peers that have small channels and small payments: private channels that it forwards to as
 * well, hardly any reserve asked for, more dust in flight than it would risk by itself.
 */
export function ldkConfig(options: LdkOptions): ldk.UserConfig {
  const config = ldk.UserConfig.constructor_default();
  const handshake = ldk.ChannelHandshakeConfig.constructor_default();
  handshake.set_minimum_depth(1);
  handshake.set_announce_for_forwarding(false);
  handshake.set_negotiate_anchors_zero_fee_htlc_tx(options.anchors ?? false);
  handshake.set_max_inbound_htlc_value_in_flight_percent_of_channel(100);
  handshake.set_our_max_accepted_htlcs(options.maxAcceptedHtlcs ?? 50);
  handshake.set_commit_upfront_shutdown_pubkey(false);
  config.set_channel_handshake_config(handshake);
  const limits = ldk.ChannelHandshakeLimits.constructor_default();
  limits.set_force_announced_channel_preference(false);
  limits.set_their_to_self_delay(2016);
  config.set_channel_handshake_limits(limits);
  const channel = ldk.ChannelConfig.constructor_default();
  channel.set_forwarding_fee_base_msat(1000);
  channel.set_forwarding_fee_proportional_millionths(0);
  channel.set_cltv_expiry_delta(40);
  channel.set_max_dust_htlc_exposure(ldk.MaxDustHTLCExposure.constructor_fixed_limit_msat(100_000_000n));
  config.set_channel_config(channel);
  config.set_accept_forwards_to_priv_channels(true);
  config.set_manually_accept_inbound_channels(true);
  return config;
}
